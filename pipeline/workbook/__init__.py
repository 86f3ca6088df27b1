"""The results of a run as an Excel workbook, made from the files of its folder."""
