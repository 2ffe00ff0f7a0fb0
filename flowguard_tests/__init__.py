"""Tests mirror the packages of flowguard."""

from hypothesis import HealthCheck, settings

settings.register_profile("flowguard", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("flowguard")
