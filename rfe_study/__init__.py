"""What was trained, measured and claimed: the study behind the book. See README.md for its folders."""
