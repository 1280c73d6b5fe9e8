# w
