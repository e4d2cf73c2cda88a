import type { HealthResult } from "@atomiton/conductor/slim";
import { useCallback, useEffect, useState } from "react";
import { conductor } from "./conductor.ts";
import { messageOf } from "./error-message.ts";

/** How what runs the flows is doing: asked at first, whenever the page is looked at again, and on `check`. */
export function useHealth() {
  const [health, setHealth] = useState<HealthResult>();

  const check = useCallback(async () => {
    try {
      setHealth(await conductor.system.health());
    } catch (error) {
      setHealth({ status: "down", timestamp: Date.now(), message: messageOf(error) });
    }
  }, []);

  useEffect(() => {
    const look = () => {
      if (document.visibilityState === "visible") void check();
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [check]);

  return { health, check };
}
