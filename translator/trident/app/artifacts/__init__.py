"""What a SIEM takes: rules, apps, templates; its limits as data."""
