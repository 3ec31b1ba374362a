resource Repo { "read" if not "member"; }
resource Repo { "read" if !"member"; }
resource Repo { "read" <- "member"; }
resource Repo { "read" => "member"; }
resource Repo { "read" : "member"; }
resource Repo { "read" when "member"; }
resource Repo { "member" can "read"; }
resource Repo permissions = ["read"];
resource Org: permissions = ["read"];
