"""The segmenter: a small network whose features are compared by the loss of a codec."""
