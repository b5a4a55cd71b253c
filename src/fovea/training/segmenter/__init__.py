"""The segmenter: a small network whose features the loss of a codec compares."""
