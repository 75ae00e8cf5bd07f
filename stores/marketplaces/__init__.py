"""Clients of the marketplaces: values in, frozen values out; no models, no clock of their own."""
