"""Looking at networks, samples and costs."""
