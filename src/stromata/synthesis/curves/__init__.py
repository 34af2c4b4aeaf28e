"""Studies that each tell several numbers of one curve: dose-response, and the accuracy of tests."""
