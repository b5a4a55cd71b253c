"""A small network that tells objects apart, trained from nothing on the same masks: its features enter the loss."""
