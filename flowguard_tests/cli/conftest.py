from flowguard_tests.local.shoppers.conftest import gateway

__all__ = ["gateway"]
