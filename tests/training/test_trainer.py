import pytest

from fovea.training import Hardware, trainer


@pytest.mark.parametrize(("units", "chosen"), [(True, "bf16-mixed"), (False, "32-true")])
def test_auto_takes_the_precision_that_the_device_has_units_for(monkeypatch, units, chosen):
    monkeypatch.setattr(trainer, "has_bfloat16", lambda device: units)
    assert Hardware("cpu").chosen_precision == chosen
    assert Hardware().chosen_precision == chosen
    assert Hardware("cpu", "16-mixed").chosen_precision == "16-mixed"
