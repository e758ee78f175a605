"""Splunk: an app with scheduled searches, and contentctl's detections.

Field by field: docs/artifacts-splunk.md.
"""

from __future__ import annotations

from trident.app.artifacts.splunk.app import app
from trident.app.artifacts.splunk.cron import fit
from trident.app.artifacts.splunk.detections import contentctl

__all__ = ["app", "contentctl", "fit"]
