"""The room PC's Bluetooth through BlueZ on D-Bus: pairing, bonds and power, which `bleak` leaves out."""
