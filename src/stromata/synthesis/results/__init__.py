"""What every result can tell about itself: a table, JSON, paragraphs for a paper, and the call that repeats it in R."""
