"""Facts about versions: an index over store and journal that can be made again from them."""
