"""Small explorers for the tests, and the names of the figures that a module draws."""

from lossfns.explore import Choice, Play, Slider, explore
from lossfns.explore.style import figure, note


def line(slope, side="left", step=0):
    fig, ax = figure(height=2, alt=f"slope {slope}, side {side}, step {step}")
    ax.plot([0, 1], [0, slope * (1 if side == "left" else -1)])
    ax.plot(step, 0, "o")
    ax.set(xlim=(-1, 5), ylim=(-5, 5))
    note(ax, f"{slope:.2f} {step}")
    return fig


def explorer(interval=200):
    return explore(
        line,
        slope=Slider([-1, 0.5, 2.0], label="the slope", unit="m/s", start=0.5),
        side=Choice(["left", "right"]),
        step=Play(range(4), label="time", interval=interval),
    )


def figures_of(module):
    """The public functions that are written in a module, by name."""
    return {
        name
        for name, f in vars(module).items()
        if callable(f)
        and getattr(f, "__module__", "") == module.__name__
        and not name.startswith("_")
    }
