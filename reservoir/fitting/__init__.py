"""Constants of device models from measurements: least squares on the simulator, intervals."""
