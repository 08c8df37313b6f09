"""How the demo is set up, started, watched and stopped."""
