from importlib import import_module

Migration = import_module("tenants.trail.migrations.0001_initial").Migration
