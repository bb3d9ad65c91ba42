print("rayflow")
