"""What a disk may hold after power was lost at any instant of real commands, and a judge of it.

`recording` runs commands and logs every change they make to a folder, `story` says which, `images`
makes of a prefix of such a log what a disk may hold, and `checks` opens that with the product.
"""
