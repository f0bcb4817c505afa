LAYOUTS=()
def assign(paths, layouts=LAYOUTS): return []
