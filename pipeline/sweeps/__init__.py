"""What is learnt from several runs together."""
