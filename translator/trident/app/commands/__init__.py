"""The commands of ``trident``, a module each; what one needs is imported when it runs."""
