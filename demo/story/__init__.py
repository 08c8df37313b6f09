"""The demo's story, played without a browser: sign in, keys, console, and nothing for mallory."""
