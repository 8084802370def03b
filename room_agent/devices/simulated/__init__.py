"""Simulated devices: peripherals that speak real GATT on a virtual radio, one file each, and a room full of them."""
