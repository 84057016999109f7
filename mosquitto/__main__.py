"""`python -m mosquitto`: write the examples of what is rendered beside this file."""

from mosquitto.examples import FOLDER, examples


def main() -> None:
    """Write every example."""
    for name, text in examples().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
