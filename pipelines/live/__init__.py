"""Models at work: streams from sensors, sockets and files in, a prediction for each out."""
