"""From documents to a plan: what a rule says, checked and resolved, in no SIEM's language."""
