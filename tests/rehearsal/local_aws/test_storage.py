from pathlib import Path

import pytest

from mlops.rehearsal.local_aws.storage import LocalS3, StorageError


@pytest.fixture
def storage(tmp_path: Path) -> LocalS3:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "a.txt").write_text("a")
    (source / "sub" / "b.txt").write_text("b")
    storage = LocalS3(tmp_path / "s3")
    storage.put_folder(source, "s3://bucket/prefix")
    return storage


def test_an_object_lies_below_its_bucket(storage: LocalS3) -> None:
    assert storage.path("s3://bucket/prefix/a.txt") == storage.folder / "bucket/prefix/a.txt"
    assert storage.read_text("s3://bucket/prefix/sub/b.txt") == "b"


def test_a_prefix_is_downloaded_with_its_folders(storage: LocalS3, tmp_path: Path) -> None:
    storage.download("s3://bucket/prefix/", tmp_path / "into")

    assert (tmp_path / "into" / "sub" / "b.txt").read_text() == "b"


def test_a_single_object_is_downloaded_under_its_own_name(storage: LocalS3, tmp_path: Path) -> None:
    storage.download("s3://bucket/prefix/a.txt", tmp_path / "into")

    assert [path.name for path in (tmp_path / "into").iterdir()] == ["a.txt"]


@pytest.mark.parametrize("uri", ["https://bucket/key", "s3:/x", "s3://UPPER/key", ""])
def test_what_is_no_s3_uri_is_refused(storage: LocalS3, uri: str) -> None:
    with pytest.raises(StorageError, match="is not an S3 URI"):
        storage.path(uri)


def test_a_key_cannot_leave_its_bucket(storage: LocalS3) -> None:
    with pytest.raises(StorageError, match="leaves its bucket"):
        storage.path("s3://bucket/../../etc/passwd")


def test_a_missing_object_says_where_it_was_looked_for(storage: LocalS3, tmp_path: Path) -> None:
    with pytest.raises(
        StorageError, match=r"no object at s3://bucket/none; looked in .*bucket/none"
    ):
        storage.download("s3://bucket/none", tmp_path)


def test_a_link_out_of_a_folder_is_not_uploaded(storage: LocalS3, tmp_path: Path) -> None:
    folder = tmp_path / "linked"
    folder.mkdir()
    (folder / "secret").symlink_to(tmp_path / "source" / "a.txt")

    storage.put_folder(folder, "s3://bucket/linked")

    assert not storage.exists("s3://bucket/linked")


def test_a_fingerprint_sees_content_and_names(storage: LocalS3, tmp_path: Path) -> None:
    before = storage.fingerprint("s3://bucket/prefix")
    file = tmp_path / "source" / "a.txt"
    storage.put(file, "s3://bucket/prefix/renamed.txt")
    named = storage.fingerprint("s3://bucket/prefix")
    file.write_text("other")
    storage.put(file, "s3://bucket/prefix/a.txt")

    assert len({before, named, storage.fingerprint("s3://bucket/prefix"), ""}) == 4
    assert storage.fingerprint("s3://bucket/none") == ""
