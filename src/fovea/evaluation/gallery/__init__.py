"""The pictures of a report: one image as each codec decodes it, with what the recognizers detect on it."""
