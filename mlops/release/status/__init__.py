"""What runs in each stage and what the registry holds, asked of AWS or of this machine."""
