"""The marketplaces, simulated from their documented contracts. Product code never imports this."""
