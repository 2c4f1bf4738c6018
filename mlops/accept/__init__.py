"""What only an account can show, asked of one: cheaply, with a plan first, and cleaned up after."""
