"""The command line's commands, a module for each room; importing one imports no network runtime."""
