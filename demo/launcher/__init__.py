"""Set up, start, watch and stop the demo."""
