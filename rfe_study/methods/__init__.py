"""What can be trained, as data."""
