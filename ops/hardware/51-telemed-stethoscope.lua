-- The same for WirePlumber 0.4 (Debian 12), if the udev rule is not enough: the card is not offered to anybody.
-- Install as /etc/wireplumber/main.lua.d/51-telemed-stethoscope.lua and put the name from `wpctl status -n` in.
table.insert(alsa_monitor.rules, {
  matches = { { { "device.name", "matches", "alsa_card.usb-*tethoscope*" } } },
  apply_properties = { ["device.disabled"] = true },
})
