"""Explorers drawn in the browser: dragged, typed, played, heard, printed, without script."""

import re

import pytest

from lossfns.explore import Scene, style
from lossfns.explore.style import ORANGE

# A page cannot show this many letters.
LONG = "x" * 31_000


def parabola(**options):
    options = {
        "guesses": {"at −1": False, "at 0": True},
        "seen": "abs(x0) < 0.05",
        "goal": ("Bring the loss under 0.1", "loss < 0.1"),
    } | options
    scene = Scene("Where is the loss least?", "At 0.", **options)
    scene.variable("x0", -2, 2, start=1.5, step=0.1, label="place", slider=False)
    scene.variable("steps", 0, 5, start=0, step=1, label="steps", play=100)
    scene.variable("w", -1, 1, start=0, step=0.25)
    scene.choice("kind", ["square", "double"], label="kind")
    scene.let(loss="x0 ** 2 * (1 + kind) + w")
    panel = scene.panel((40, 20, 400, 180), x=(-2, 2), y=(-1, 5), xlabel="x", ylabel="loss")
    panel.curve("t", "t ** 2 * (1 + kind)", ORANGE)
    panel.path("x0", "loss", {"x0": "0.5 * x0"}, "steps")
    panel.bar("1", "0", "loss")
    panel.dot("x0", "0", show="loss > 1")
    panel.handle("x0", "loss", {"x0": "x", "w": "y - x0 ** 2"}, label="Point", hint="drag")
    panel.text(-1.9, 4, "loss {loss:.2f}", ORANGE)
    scene.says("At {x0:.1f} the loss is {loss:.2f}.")
    return scene


def now(page):
    return page.evaluate("document.querySelector('.lossfns-scene').explorer.now()")


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def unit(page):
    """How many pixels of the screen a unit of x, and of y, takes."""
    scale = page.locator("svg").bounding_box()["width"] / 480
    return scale * 100, scale * 30


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.variable("v", 0, 1, start=2, step=1), r"start must lie in \[0, 1\], got 2"),
        (lambda s: s.variable("x0", 0, 1, start=0, step=1), "'x0' is already the name"),
        (lambda s: s.let(loss="1"), "'loss' is already the name"),
        (lambda s: s.let(other="nothing"), "'nothing' is not known"),
        (lambda s: s.let(other="other"), "'other' is not known"),
        (lambda s: s.at(x1=0), r"no variable 'x1'; there are \['x0'"),
        (lambda s: s.panels[0].text(0, 0, "{loss}"), "write {loss:.2f}"),
        (lambda s: s.panels[0].text(0, 0, LONG) or s.html(), "bytes are more than 30,000"),
    ],
)
def test_wrong_declarations_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        change(parabola())


def test_exactly_one_guess_is_right():
    with pytest.raises(ValueError, match="exactly one must be right"):
        parabola(guesses={"yes": True, "no": True})


def test_the_same_scene_gives_the_same_bytes_and_another_another_name():
    one, two = parabola().html(), parabola().html()
    assert one == two
    other = parabola(seen="x0 < 0").html()
    assert re.search('id="(s[0-9a-f]{10})"', one)[1] != re.search('id="(s[0-9a-f]{10})"', other)[1]
    assert "@scene@" not in one


def test_a_notebook_shows_the_html_and_the_terminal_the_question():
    scene = parabola()
    assert scene._repr_html_() == scene.html()
    assert repr(scene).startswith("<explorer: Where is the loss least?")


def test_the_first_picture_needs_no_script_and_the_script_draws_the_same(visit):
    scene = parabola()
    still = visit(scene.html(), java_script_enabled=False)
    assert still.locator(".handle").count() == 1
    assert not still.locator(".controls").is_visible()
    assert not still.locator(".bets").is_visible()
    read = "e => [...e.querySelectorAll('svg [data-m]')].map(x => x.outerHTML).join('\\n')"
    there = visit(scene.html()).locator(".lossfns-scene").evaluate(read)
    there = re.sub(r' (tabindex|role|aria-[a-z]+|data-lm-[a-z-]+)="[^"]*"', "", there)
    # Without script nothing can be asked of the page, so the markup is read by one that may.
    bare = re.sub(r"<script>.*?</script>", "", scene.html(), flags=re.DOTALL)
    assert visit(bare).locator(".lossfns-scene").evaluate(read) == there


def test_a_point_is_dragged_by_mouse_and_stays_within_its_range(visit):
    page = visit(parabola().html())
    x, y = middle(page.locator(".knob"))
    wide, high = unit(page)
    page.mouse.move(x + 3, y + 2)
    page.mouse.down()
    page.mouse.move(x + 3 - wide, y + 2, steps=3)
    assert now(page)["x0"] == 0.5
    page.mouse.move(x - 9 * wide, y, steps=3)
    assert now(page)["x0"] == -2
    page.mouse.up()
    page.mouse.move(x, y)
    assert now(page)["x0"] == -2
    assert page.locator("svg").get_attribute("aria-label").startswith("At −2.0 the loss is")
    assert page.locator(".lossfns-scene.moved").count() == 1


def test_a_finger_drags_the_point_and_scrolls_the_page_elsewhere(visit):
    page = visit(parabola().html(), has_touch=True, width=390)
    touch = page.context.new_cdp_session(page)
    x, y = middle(page.locator(".knob"))

    def send(kind, *points):
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]},
        )

    send("touchStart", (x, y))
    for step in range(1, 5):
        send("touchMove", (x - step * unit(page)[0] / 4, y))
    send("touchEnd")
    assert now(page)["x0"] == pytest.approx(0.5, abs=0.11)
    assert page.locator("svg").evaluate("e => getComputedStyle(e).touchAction") == "auto"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_keys_move_a_point_in_both_directions_and_say_what_it_shows(visit):
    page = visit(parabola().html())
    knob = page.get_by_role("slider", name="Point")
    knob.focus()
    for key, expected in [
        ("ArrowLeft", (1.4, 0)),
        ("Shift+ArrowLeft", (0.4, 0)),
        ("ArrowUp", (0.4, 0.25)),
        ("ArrowDown", (0.4, 0)),
        ("PageUp", (1.4, 0)),
        ("Home", (-2, 0)),
        ("End", (2, 0)),
    ]:
        knob.press(key)
        values = now(page)
        assert (values["x0"], values["w"]) == expected, key
    assert knob.get_attribute("aria-valuetext") == "2.0, 0.00. At 2.0 the loss is 4.00."
    assert float(knob.get_attribute("aria-valuenow")) == 2
    knob.press("Tab")
    assert page.evaluate("document.activeElement.name") == "steps"


def test_sliders_choices_and_start_again(visit):
    page = visit(parabola().html())
    page.get_by_label("steps").fill("3")
    page.get_by_label("kind").select_option(index=1)
    assert now(page) == {"x0": 1.5, "steps": 3, "w": 0, "kind": 1}
    assert page.get_by_label("steps").get_attribute("aria-valuetext").startswith("3. At 1.5")
    points = page.locator("polyline[marker-mid]").get_attribute("points").split()
    assert len(points) == 4
    page.get_by_role("button", name="Start again").click()
    assert now(page) == {"x0": 1.5, "steps": 0, "w": 0, "kind": 0}
    assert page.get_by_label("steps").input_value() == "0"


def test_play_goes_through_the_steps_once(visit):
    page = visit(parabola().html())
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(250)
    assert now(page)["steps"] == 2
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(500)
    assert now(page)["steps"] == 2
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(2000)
    assert now(page)["steps"] == 5
    assert page.get_by_role("button", name="Play").count() == 1


def test_readers_who_prefer_less_motion_step_by_hand(visit):
    page = visit(parabola().html(), reduced_motion="reduce")
    assert page.locator(".first .ring").evaluate("e => getComputedStyle(e).animationName") == "none"
    for step in (1, 2):
        page.get_by_role("button", name="Next step").click()
        assert now(page)["steps"] == step


def test_the_answer_comes_after_a_guess_and_a_try(visit):
    page = visit(parabola().html())
    answer, status = page.locator("details"), page.locator(".bets [role=status]")
    knob = page.get_by_role("slider", name="Point")
    knob.press("ArrowLeft")
    assert not answer.evaluate("e => e.open")
    page.get_by_role("button", name="at −1").click()
    assert status.inner_text() == "Now try it."
    knob.press("ArrowLeft")
    assert not answer.evaluate("e => e.open")
    for _ in range(13):
        knob.press("ArrowLeft")
    assert answer.evaluate("e => e.open")
    status.get_by_text("It is not what you guessed.").wait_for()
    page.get_by_role("button", name="at 0").click()
    assert page.get_by_role("button", name="at 0").get_attribute("aria-pressed") == "true"
    answer.locator("summary").click()
    knob.press("ArrowLeft")
    knob.press("ArrowRight")
    status.get_by_text("Your guess was right.").wait_for()


def test_a_goal_is_ticked_when_it_is_reached_and_only_then(visit):
    page = visit(parabola().html())
    goal, knob = page.locator(".goal"), page.get_by_role("slider", name="Point")
    assert goal.inner_text() == "☐ Bring the loss under 0.1"
    knob.press("Home")
    for _ in range(20):
        knob.press("ArrowRight")
    assert goal.inner_text() == "☑ Bring the loss under 0.1 Reached."
    knob.press("End")
    assert goal.inner_text() == "☐ Bring the loss under 0.1"


def test_two_of_a_kind_in_one_page_stay_apart(visit):
    page = visit(parabola().html(), parabola(seen="x0 < 0").html())
    page.get_by_label("steps").last.fill("3")
    steps = page.evaluate(
        "[...document.querySelectorAll('.lossfns-scene')].map(e => e.explorer.now().steps)"
    )
    assert steps == [0, 3]


def test_it_works_where_a_front_end_runs_the_script_later(visit):
    # JupyterLab makes the script anew when the output is in the page.
    fragment = parabola().html()
    script = re.search(r"<script>(.*?)</script>", fragment, re.DOTALL)[0]
    page = visit(fragment.replace(script, ""))
    page.evaluate(
        """text => { const script = document.createElement("script");
        script.textContent = text; document.body.append(script); }""",
        script[8:-9],
    )
    page.get_by_role("slider", name="Point").press("ArrowLeft")
    assert now(page)["x0"] == 1.4


@pytest.mark.parametrize(("text", "ground"), [("#222832", "#ffffff"), ("#ced6dd", "#121212")])
def test_every_colour_of_text_is_readable_on_light_and_on_dark(visit, text, ground):
    scene = Scene("Which?", "All.")
    panel = scene.panel((0, 0, 400, 200), x=(0, 1), y=(0, 1))
    for color in style.CYCLE:
        panel.text(0, 0.5, "text", color)
    page = visit(f'<div style="color:{text};background:{ground}">{scene.html()}</div>')
    luminance = """(colors) => colors.map(color => {
        const rgb = color.match(/[\\d.]+/g).slice(0, 3).map(Number);
        const top = color.startsWith("color(") ? 1 : 255;
        const [r, g, b] = rgb.map(x => (x /= top) <= 0.03928 ? x / 12.92
          : ((x + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; })"""
    fills = page.locator("svg text[font-weight]").evaluate_all(
        "all => all.map(e => getComputedStyle(e).fill)"
    )
    assert len(fills) == len(style.CYCLE)
    there = page.locator("div").first.evaluate("e => getComputedStyle(e).backgroundColor")
    *ours, paper = page.evaluate(luminance, [*fills, there])
    for color, light in zip(style.CYCLE, ours, strict=True):
        low, high = sorted((light, paper))
        assert (high + 0.05) / (low + 0.05) >= 4.5, color


def test_print_shows_the_picture_and_no_controls(visit):
    page = visit(parabola().html())
    page.emulate_media(media="print")
    assert page.locator("svg").is_visible()
    for hidden in ("input", ".bets", ".hint", "button"):
        assert not page.locator(hidden).first.is_visible(), hidden
