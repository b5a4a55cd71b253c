"""Teachers: what annotations and several recognizers together say of the objects on pictures."""
