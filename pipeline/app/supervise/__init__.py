"""Workers of this machine: started, watched, restarted, ended, and how they are doing."""
