"""Files of data sets: where they lie, how they are downloaded, checked, unpacked and read."""
