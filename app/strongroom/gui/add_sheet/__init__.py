"""What was dropped or chosen, looked at and put right before anything is stored."""

from strongroom.gui.add_sheet.sheet import AddSheet

__all__ = ["AddSheet"]
