"""The API does what its contract says."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.web.services import Services
from tests.picture_factory import encode, photo
from tests.web.conftest import AFTER, BEFORE, MakeApp, assert_error, files_under, pair

UNKNOWN = "A" * 22


def test_two_files_give_an_evaluation_with_its_place_and_its_timings(client: FlaskClient) -> None:
    answer = client.post("/api/evaluations", data=pair())
    assert answer.status_code == 201
    result = answer.json
    assert answer.location == f"/api/evaluations/{result['id']}"
    assert result["url"] == f"/evaluations/{result['id']}"
    assert result["verdict"] == "different"
    (box,) = (region["before"] for region in result["regions"])
    assert (box["x"], box["y"], box["width"], box["height"]) == pytest.approx((60, 50, 40, 30), abs=5)
    assert result["before"]["name"] == "a.png"
    assert result["after"]["name"] == "b.png"
    assert set(result["timings_ms"]) >= {"decode", "align", "tone", "measure", "regions", "total"}
    stages = {part.split(";dur=")[0] for part in answer.headers["Server-Timing"].split(", ")}
    assert stages == set(result["timings_ms"])


def test_the_answer_has_every_field_of_the_contract(evaluation: dict[str, Any]) -> None:
    assert list(evaluation) == [
        "id", "url", "created", "expires", "verdict", "passed", "summary", "before", "after", "options", "alignment",
        "tone", "metrics", "category", "regions", "images", "timings_ms",
    ]  # fmt: skip
    assert set(evaluation["metrics"]) == {"as_given", "as_compared", "hashes", "features"}
    assert set(evaluation["metrics"]["as_given"]) >= {
        "pixel_match_rate", "difference_ratio", "manhattan", "manhattan_per_pixel", "zero_norm",
        "zero_norm_per_pixel", "rmse", "psnr", "ssim", "histogram_correlation", "histogram_kl", "edge_agreement",
        "encoded_size_ratio", "changed_box",
    }  # fmt: skip
    assert set(evaluation["metrics"]["hashes"]) == {"average", "difference", "perceptual", "wavelet", "color"}
    assert set(evaluation["regions"][0]) >= {"id", "before", "after", "area", "share", "strength", "kind"}
    assert "model install" in evaluation["category"]["reason"]


def test_it_expires_an_hour_after_it_was_made(evaluation: dict[str, Any]) -> None:
    expires = datetime.fromisoformat(evaluation["expires"])
    assert timedelta(minutes=59) < expires - datetime.now(UTC) <= timedelta(hours=1)
    assert evaluation["expires"].endswith("Z")


def test_the_same_image_twice_is_identical_and_json_holds_no_nan(client: FlaskClient) -> None:
    answer = client.post("/api/evaluations", data=pair(BEFORE, BEFORE))
    result = json.loads(answer.text, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))
    assert result["verdict"] == "identical"
    assert result["metrics"]["as_given"]["psnr"] is None
    assert result["regions"] == []


@pytest.mark.parametrize("fields", [("before", "after"), ("file[0]", "file[1]"), ("file", "file")])
def test_files_are_found_under_the_names_that_clients_use(client: FlaskClient, fields: tuple[str, str]) -> None:
    files = [(io.BytesIO(BEFORE), "first.png"), (io.BytesIO(AFTER), "second.png")]
    data = {fields[0]: files} if fields[0] == fields[1] else dict(zip(fields, files, strict=True))
    answer = client.post("/api/evaluations", data=data)
    assert answer.status_code == 201, answer.text
    assert (answer.json["before"]["name"], answer.json["after"]["name"]) == ("first.png", "second.png")
    assert answer.json["before"]["bytes"] == len(BEFORE)


def test_after_may_come_first_in_the_form(client: FlaskClient) -> None:
    data = {"after": (io.BytesIO(AFTER), "b.png"), "before": (io.BytesIO(BEFORE), "a.png")}
    result = client.post("/api/evaluations", data=data).json
    assert (result["before"]["name"], result["before"]["bytes"]) == ("a.png", len(BEFORE))


def test_a_file_without_a_name_is_taken_whole(client: FlaskClient) -> None:
    """Its first byte was lost to the look whether there is any."""
    parts = (
        f'--x\r\nContent-Disposition: form-data; name="{side}"; filename=""\r\n\r\n'.encode() + content + b"\r\n"
        for side, content in (("before", BEFORE), ("after", AFTER))
    )
    body = b"".join(parts) + b"--x--\r\n"
    answer = client.post("/api/evaluations", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 201, answer.text
    assert (answer.json["before"]["bytes"], answer.json["after"]["bytes"]) == (len(BEFORE), len(AFTER))


def test_a_name_that_is_no_utf_8_is_shown_as_far_as_it_can_be(client: FlaskClient) -> None:
    """Older systems send names in Latin-1; the form was taken for one without files."""
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="%s"; filename="gr\xfc\xdfe.png"\r\n\r\n%s\r\n' % (side, content)
        for side, content in ((b"before", BEFORE), (b"after", AFTER))
    ]
    answer = client.post(
        "/api/evaluations", data=b"".join(parts) + b"--x--\r\n", content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code == 201, answer.text
    assert answer.json["before"]["name"] == answer.json["after"]["name"] == "gr\ufffd\ufffde.png"


def test_options_of_the_form_are_used_and_given_back(client: FlaskClient) -> None:
    fields = {"align": "off", "tone": "off", "sensitivity": "70", "color": "#00FF00", "max_regions": "0",
              "ignore": "0,0,10,10; 110,80,5,5", "min_area": ""}  # fmt: skip
    result = client.post("/api/evaluations", data=pair(**fields)).json
    assert result["options"]["align"] == "off"
    assert result["options"]["sensitivity"] == 70
    assert result["options"]["min_area"] is None
    assert result["options"]["ignore"] == [
        {"x": 0, "y": 0, "width": 10, "height": 10},
        {"x": 110, "y": 80, "width": 5, "height": 5},
    ]
    assert result["passed"] is False


@pytest.mark.parametrize("values", [["70", ""], ["", "70"], ["10", "70"]])
def test_of_an_option_sent_twice_the_last_that_is_not_empty_counts(client: FlaskClient, values: list[str]) -> None:
    """An empty one after the other was taken for a number that cannot be read."""
    areas = ["0,0,5,5", "", "9,9,5,5"]
    options = client.post("/api/evaluations", data=pair(sensitivity=values, ignore=areas)).json["options"]
    assert options["sensitivity"] == 70
    assert [box["x"] for box in options["ignore"]] == [0, 9]


def test_an_ignored_rectangle_hides_the_change(client: FlaskClient) -> None:
    result = client.post("/api/evaluations", data=pair(ignore=["50,40,60,50", "0,0,2,2"])).json
    assert result["regions"] == []
    assert len(result["options"]["ignore"]) == 2


def test_an_evaluation_can_be_read_again(client: FlaskClient, evaluation: dict[str, Any]) -> None:
    assert client.get(f"/api/evaluations/{evaluation['id']}").json == evaluation


def test_uploads_can_be_compared_by_their_ids(client: FlaskClient) -> None:
    ids = []
    for data, name in ((BEFORE, "one.png"), (AFTER, "two.png")):
        answer = client.post("/api/uploads", data={"file": (io.BytesIO(data), name)})
        assert answer.status_code == 201
        assert answer.json.keys() == {"id", "name", "width", "height", "format", "bytes", "expires"}
        assert (answer.json["width"], answer.json["height"], answer.json["format"]) == (128, 96, "PNG")
        assert answer.json["bytes"] == len(data)
        ids.append(answer.json["id"])
    body = {"before": ids[0], "after": ids[1], "options": {"sensitivity": 30, "ignore": [], "max_changed": 0.5}}
    answer = client.post("/api/evaluations", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json["before"]["name"] == "one.png"
    assert answer.json["options"]["sensitivity"] == 30
    assert answer.json["passed"] is True


def test_a_kept_evaluation_can_be_compared_again_with_other_options(client: FlaskClient) -> None:
    first = client.post("/api/evaluations", data=pair()).json
    body = {"evaluation": first["id"], "options": {"ignore": [{"x": 50, "y": 40, "width": 60, "height": 50}]}}
    again = client.post("/api/evaluations", json=body)
    assert again.status_code == 201, again.text
    assert again.json["id"] != first["id"]
    assert again.json["regions"] == []
    assert again.json["after"] == first["after"]
    client.delete(f"/api/evaluations/{first['id']}")
    third = client.post("/api/evaluations", json={"evaluation": again.json["id"]})
    assert third.json["verdict"] == "different", "the images outlive the evaluation they came with"


def test_deleting_leaves_nothing_behind(client: FlaskClient, services: Services, evaluation: dict[str, Any]) -> None:
    place = f"/api/evaluations/{evaluation['id']}"
    client.get(f"{place}/images/mask.png")
    assert files_under(services.store.workplace)
    assert client.delete(place).status_code == 204
    assert files_under(services.store.workplace) == set()
    for address in (place, f"{place}/images/mask.png", f"{place}/report.html", f"{place}/archive.zip"):
        assert_error(client.get(address), 404, "not_found")
    assert_error(client.delete(place), 404, "not_found")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("before", (128, 96)), ("after", (128, 96)), ("aligned", (128, 96)), ("overlay-before", (128, 96)),
        ("overlay-after", (128, 96)), ("mask", (128, 96)), ("heatmap", None), ("matches", None),
        ("side-by-side", None), ("blink", (128, 96)), ("preview-before", (128, 96)), ("preview-after", (128, 96)),
        ("preview-aligned", (128, 96)), ("card", (1200, 630)),
    ],
)  # fmt: skip
def test_every_picture_is_served(
    client: FlaskClient, evaluation: dict[str, Any], name: str, size: tuple[int, int] | None
) -> None:
    answer = client.get(evaluation["images"][name])
    assert answer.status_code == 200
    ending = evaluation["images"][name].rpartition(".")[2]
    assert answer.content_type == f"image/{ending}"
    assert answer.headers["Content-Disposition"] == f'inline; filename="image-diff-{name}.{ending}"'
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert picture.format == ending.upper()
        assert size in (None, picture.size)
        assert not picture.getexif()


def test_the_list_of_pictures_is_complete(evaluation: dict[str, Any]) -> None:
    assert len(evaluation["images"]) == 14
    for name, link in evaluation["images"].items():
        assert link.startswith(f"/api/evaluations/{evaluation['id']}/images/{name}.")


def test_a_served_picture_has_the_pixels_that_were_compared(client: FlaskClient, evaluation: dict[str, Any]) -> None:
    data = client.get(evaluation["images"]["after"]).data
    served = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    expected = cv2.imdecode(np.frombuffer(AFTER, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.array_equal(served, expected)


def test_the_mask_is_white_where_the_change_is(client: FlaskClient, evaluation: dict[str, Any]) -> None:
    data = client.get(evaluation["images"]["mask"]).data
    mask = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert mask[50:80, 60:100].mean() > 100
    assert mask[:40].max() == 0


def test_a_picture_is_drawn_once_and_then_kept(
    client: FlaskClient, services: Services, evaluation: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get(evaluation["images"]["heatmap"])
    monkeypatch.setattr(services, "call", lambda *args, **kwargs: pytest.fail("drawn again"))
    second = client.get(evaluation["images"]["heatmap"])
    assert second.data == first.data
    again = client.get(evaluation["images"]["heatmap"], headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    "name", ["evil.png", "record.json", "before", "..", "mask.PNG", "mask.png/", "..%2frecord.json"]
)
def test_only_pictures_of_the_list_are_served(client: FlaskClient, evaluation: dict[str, Any], name: str) -> None:
    assert_error(client.get(f"/api/evaluations/{evaluation['id']}/images/{name}"), 404, "not_found")


@pytest.mark.parametrize(
    "id", [UNKNOWN, "short", "A" * 23, "..%2f..%2fetc", "A" * 21 + ".", "A" * 21 + "%0a", "%00" * 22, "Ä" * 22]
)
def test_unknown_and_malformed_ids_look_the_same(client: FlaskClient, id: str) -> None:
    expected = client.get(f"/api/evaluations/{UNKNOWN}").json
    for address in ("/api/evaluations/{}", "/api/evaluations/{}/images/mask.png", "/api/evaluations/{}/report.html"):
        answer = client.get(address.format(id))
        assert_error(answer, 404, "not_found")
        assert answer.json == expected


@pytest.mark.parametrize(
    "body", [{"before": UNKNOWN, "after": UNKNOWN}, {"evaluation": UNKNOWN}, {"evaluation": "../x"}]
)
def test_unknown_ids_in_a_request_are_not_found(client: FlaskClient, body: dict[str, str]) -> None:
    assert_error(client.post("/api/evaluations", json=body), 404, "not_found")


def test_the_archive_holds_every_picture_and_the_json(client: FlaskClient, evaluation: dict[str, Any]) -> None:
    answer = client.get(f"/api/evaluations/{evaluation['id']}/archive.zip")
    assert answer.content_type == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as pack:
        assert pack.testzip() is None
        names = {link.rpartition("/")[2] for name, link in evaluation["images"].items() if "preview" not in name}
        assert set(pack.namelist()) == {"evaluation.json", *names}
        assert json.loads(pack.read("evaluation.json")) == evaluation
        assert pack.read("mask.png") == client.get(evaluation["images"]["mask"]).data


def test_no_archive_is_packed_where_the_disk_is_nearly_full(
    client: FlaskClient, services: Services, evaluation: dict[str, Any]
) -> None:
    archive = f"/api/evaluations/{evaluation['id']}/archive.zip"
    assert client.get(archive).status_code == 200
    services.store._min_free_bytes = 2**62
    assert_error(client.get(archive), 507, "storage_full")


def test_the_report_needs_nothing_but_itself(client: FlaskClient, evaluation: dict[str, Any]) -> None:
    answer = client.get(f"/api/evaluations/{evaluation['id']}/report.html")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/html")
    assert "data:image/webp;base64," in answer.text
    for outside in ('src="/', 'href="/', 'src="http', "url(/", "url(http", "@import"):
        assert outside not in answer.text
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_sample_pair_is_compared_without_a_file(client: FlaskClient) -> None:
    answer = client.post("/api/evaluations", data={"sample": "screenshot", "align": "off"})
    assert answer.status_code == 201, answer.text
    assert answer.json["verdict"] == "different"
    assert_error(client.post("/api/evaluations", data={"sample": "../../etc/passwd"}), 404, "not_found")


def test_a_damaged_category_model_costs_nothing_but_its_part(make_app: MakeApp, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text("{")
    answer = make_app(model=tmp_path / "model").test_client().post("/api/evaluations", data=pair())
    assert answer.status_code == 201
    assert answer.json["category"]["before"] == []
    assert answer.json["category"]["reason"]


def test_pictures_of_different_size_are_compared(client: FlaskClient) -> None:
    answer = client.post("/api/evaluations", data=pair(encode(photo(48, 64)), encode(photo(96, 128))))
    assert answer.status_code == 201
    assert client.get(answer.json["images"]["side-by-side"]).status_code == 200
