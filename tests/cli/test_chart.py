from mlops.cli.chart import Chart, Line, svg


def _chart(*points: tuple[float, float], **keys: float) -> str:
    line = Line(name="caught & harmed", points=points, colour="red", dashed=True)
    return svg(Chart(title="By <share>", axis="share", lines=[line], **keys))


def test_a_probability_of_one_is_at_the_top_and_of_nothing_at_the_bottom() -> None:
    text = _chart((0, 0.0), (10, 1.0))

    assert 'points="46.0,220.0 446.0,14.0"' in text


def test_words_are_escaped_and_the_legend_shows_the_stroke() -> None:
    text = _chart((0, 0.0), (10, 1.0))

    assert "By &lt;share&gt;" in text
    assert "caught &amp; harmed" in text
    assert "stroke-dasharray" in text
    assert "2px dashed red" in text


def test_a_mark_and_a_target_are_drawn_where_they_are() -> None:
    text = _chart((0, 0.0), (10, 1.0), mark=5, target=0.5)

    assert '<line class="mark" x1="246.0" x2="246.0"' in text
    assert 'y1="117.0" y2="117.0"' in text


def test_a_single_point_is_drawn_for_one_point_is_no_line() -> None:
    drawn = _chart((5, 0.5))

    assert '<circle cx="46.0" cy="117.0"' in drawn
    assert "<title>caught &amp; harmed: 0.5</title>" in drawn
