"""Mail: which letter a dispatch is (`letter`), and how it is handed over (`mailer`)."""
