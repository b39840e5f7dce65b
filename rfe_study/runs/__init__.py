"""What trains and scores networks, and finds them again."""
