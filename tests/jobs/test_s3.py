"""Jobs between folders and a real object store."""

import hashlib

import pytest

from fovea.codec import Codec

from .conftest import draw
from .jobs import NAMES, rows_of

pytest.importorskip("s3fs")


@pytest.fixture
def bucket(s3, request):
    return f"{s3}/{request.node.name}"


@pytest.fixture
def objects(bucket):
    import s3fs

    files = s3fs.S3FileSystem(use_listings_cache=False)
    root = bucket.removeprefix("s3://")

    def content() -> dict[str, bytes]:
        return {name.removeprefix(f"{root}/"): files.cat_file(name) for name in files.find(root)}

    return content


def test_from_a_folder_to_a_store_and_on_to_another_prefix(fovea, tiny, photos, bucket, objects):
    put = fovea("encode", photos, f"{bucket}/coded", "-m", tiny, "-q", 30)
    assert (put.exit_code, put.stdout) == (0, "")
    assert put.stderr.startswith("5 images: ") and put.stderr.endswith("1 file was skipped: 1 .txt\n")
    written = {name: data for name, data in objects().items() if name.endswith(".fov")}
    assert set(written) == {f"coded/{name}" for name in NAMES}
    rows = rows_of(f"{bucket}/coded/manifest.parquet")
    assert {row["sha256"] for row in rows} == {hashlib.sha256(data).hexdigest() for data in written.values()}
    assert {row["bytes"] for row in rows} == {len(data) for data in written.values()}
    assert Codec(tiny).decode(written["coded/street/0.fov"]).shape == (32, 48, 3)


def test_from_a_store_to_a_folder(fovea, tiny, photos, bucket, tmp_path):
    import s3fs

    s3fs.S3FileSystem().put(f"{photos}/", f"{bucket}/photos", recursive=True)
    assert fovea("encode", f"{bucket}/photos/", tmp_path / "out", "-m", tiny).exit_code == 0
    assert {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.fov")} == NAMES
    versions = {row["source_version"] for row in rows_of(tmp_path / "out/manifest.parquet")}
    assert all(len(version.strip('"')) == 32 for version in versions)  # the ETags of the store


def test_a_job_in_a_store_goes_on(fovea, tiny, photos, bucket, objects):
    job = ("encode", photos, bucket, "-m", tiny)
    assert fovea(*job).exit_code == 0
    before = objects()
    draw(photos / "new.png")
    second = fovea(*job)
    assert second.exit_code == 0
    assert second.stderr.startswith("1 image: ") and "5 done before" in second.stderr
    after = objects()
    assert len(after.keys() - before.keys()) == 2  # the file and a part of the manifest
    assert sorted(row["path"] for row in rows_of(f"{bucket}/manifest.parquet")).count("new.png") == 1


def test_a_bucket_that_is_not_there_is_refused(fovea, tiny, photos, s3):
    result = fovea("encode", "s3://no-such-bucket/photos", photos / "out", "-m", tiny)
    assert result.exit_code == 1
    assert result.stderr == "fovea: s3://no-such-bucket/photos: there is no such folder or prefix\n"


def test_a_store_that_does_not_answer_is_refused(fovea, tiny, photos, monkeypatch):
    import s3fs

    variables = {"ENDPOINT_URL": "http://127.0.0.1:9", "ACCESS_KEY_ID": "any", "SECRET_ACCESS_KEY": "any"}
    for name, value in {**variables, "MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    result = fovea("encode", photos, "s3://unreachable/coded", "-m", tiny)
    s3fs.S3FileSystem.clear_instance_cache()
    assert result.exit_code == 1
    assert result.stderr.startswith("fovea: s3://unreachable/coded/manifest.parquet: cannot be read: ")
    assert result.stderr.count("\n") == 1
