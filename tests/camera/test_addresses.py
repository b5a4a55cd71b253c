import pytest

from fovea.camera import HttpAddress, MqttAddress, parse_address
from fovea.camera.addresses import PASSWORD, USERNAME, Account, folder_of
from fovea.errors import FoveaError


def test_mqtt(monkeypatch):
    monkeypatch.delenv(USERNAME, raising=False)
    assert parse_address("mqtt://b.local/a/b") == MqttAddress("b.local", 1883, "a/b", Account("", ""))
    assert parse_address("mqtts://[::1]/a").port == 8883
    assert str(parse_address("mqtts://[::1]/a")) == "mqtts://[::1]:8883/a"
    assert parse_address("mqtt://u%40x:p%3A@b:9/t") == MqttAddress("b", 9, "t", Account("u@x", "p:"))


def test_http():
    assert parse_address("http://b:8000") == HttpAddress("b", 8000, "/", Account("", ""))
    assert parse_address("https://b/p").port == 443
    assert str(parse_address("https://b/p")) == "https://b:443/p"
    assert parse_address("http://b/my yard/%c3%a4%2F(ü)").path == "/my%20yard/%c3%a4%2F(%C3%BC)"


def test_an_account_of_the_variables(monkeypatch):
    monkeypatch.setenv(USERNAME, "me")
    monkeypatch.setenv(PASSWORD, "secret")
    assert parse_address("mqtt://b/t").account == Account("me", "secret")
    assert "secret" not in str(parse_address("mqtt://b/t"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ftp://b/t", "is none of"),
        ("mqtt:///t", "names no host"),
        ("mqtt://b", "names no topic"),
        ("mqtt://b/a/#", "names no topic"),
        ("mqtt://b/a/+/c", "names no topic"),
        ("mqtt://b/a%23", "names no topic"),
        ("http://[::1/p", "names no host"),
        ("http://b/p?x=1", "without"),
        ("http://b/p#x", "without"),
        ("mqtt://a..b/t", "'a..b' is no valid name of a host"),
        ("http://a..b/p", "'a..b' is no valid name of a host"),
        (f"http://{'a' * 64}.local/p", "no valid name"),
        ("mqtt://b/\udcff", "not valid Unicode"),
        ("http://b/\udcff", "not valid Unicode"),
        ("http://\udcff/p", "not valid Unicode"),
        ("mqtt://b:99999/t", "port"),
        ("mqtt://b:x/t", "port"),
    ],
)
def test_what_is_no_address_is_refused(text, reason):
    with pytest.raises(FoveaError, match=reason) as caught:
        parse_address(text)
    assert str(caught.value).startswith(text)


def test_a_password_may_have_signs_that_a_topic_cannot_have():
    assert parse_address("mqtt://me:a+b@b/t").account == Account("me", "a+b")


def test_errors_do_not_show_passwords():
    with pytest.raises(FoveaError) as caught:
        parse_address("mqtt://me:secret@b/")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["mqtt", "http"])
def test_a_password_needs_a_user_name(scheme, monkeypatch):
    monkeypatch.delenv(USERNAME, raising=False)
    with pytest.raises(FoveaError, match=r"^\w+://b/t: has a password without a user name"):
        parse_address(f"{scheme}://:secret@b/t")
    monkeypatch.setenv(PASSWORD, "secret")
    with pytest.raises(FoveaError, match="without a user name"):
        parse_address(f"{scheme}://b/t")
    assert parse_address(f"{scheme}://me@b/t").account == Account("me", "secret")


def test_a_file_is_no_folder(tmp_path):
    assert folder_of(str(tmp_path / "new")) == tmp_path / "new"
    (tmp_path / "file").touch()
    with pytest.raises(FoveaError, match="name a folder"):
        folder_of(str(tmp_path / "file"))
