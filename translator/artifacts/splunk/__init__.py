"""Splunk: an app with scheduled searches, and contentctl's detections.

Field by field: docs/artifacts-splunk.md.
"""

from __future__ import annotations

from translator.artifacts.splunk.app import app
from translator.artifacts.splunk.cron import fit
from translator.artifacts.splunk.detections import contentctl

__all__ = ["app", "contentctl", "fit"]
