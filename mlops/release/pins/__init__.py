"""The pins of `config/releases.yaml`: the file, its history, and what moves a pin."""
