"""A small model of Splunk's search commands, to run the emitted searches on rows.

Written from Splunk's documentation (Search Reference and Search Manual, pages named at each
rule) and sharing nothing with backends/. It knows only what the renderer emits; anything else,
and any place where the documentation leaves the meaning open, is an error and never a guess. No
Splunk ran to confirm it.
"""
