"""What was trained, measured and claimed: the study behind the book; README.md has its folders."""
