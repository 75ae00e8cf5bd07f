"""TikTok Shop: signing, the client, and the parsers of what it answers."""
