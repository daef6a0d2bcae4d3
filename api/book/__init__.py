"""The whole policy as one printable HTML file, from a release and its cases alone."""
